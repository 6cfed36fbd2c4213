"""The Jinja2 templates that manifests are made from, as package data."""
