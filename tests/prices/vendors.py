"""The vendors' price lists on loopback, in the forms that they have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

METADATA = (
    '"FormatVersion","v1.0"\n"Disclaimer","for a test"\n"Publication Date","2026-11-20"\n"OfferCode","x"\n'
)
COLUMNS = (
    "SKU", "TermType", "Unit", "PricePerUnit", "Currency", "Product Family", "Instance Type", "vCPU",
    "Memory", "Physical Processor", "Operating System", "Pre Installed S/W", "CapacityStatus", "Tenancy",
    "MarketOption", "GPU", "usageType", "Volume API Name",
)  # fmt: skip
SHARED = ("Linux", "NA", "Used", "Shared", "OnDemand")


def ec2(
    name: str, usd: str, cpus: int = 2, memory: str = "4 GiB", system: str = "Linux"
) -> tuple[object, ...]:
    processor = "AWS Graviton2 Processor" if name.startswith("t4g") else "Intel"
    return (
        "X", "OnDemand", "Hrs", usd, "USD", "Compute Instance", name, cpus, memory, processor, system,
        *SHARED[1:], "", "BoxUsage", "",
    )  # fmt: skip


def ec2_list() -> str:
    blank = [""] * 10
    rows = [
        ec2("t3.medium", "0.0500000000"),
        ec2("t4g.medium", "0.0400000000"),
        ec2("t3.large", "0.0000000000"),
        ec2("m9i.large", "0.2000000000", memory="8 GiB"),
        ec2("m9i.large", "0.9000000000", memory="8 GiB", system="Windows"),
        (
            "X",
            "Reserved",
            "Hrs",
            "0.01",
            "USD",
            "Compute Instance",
            "t3.medium",
            2,
            "4 GiB",
            "Intel",
            *SHARED,
            "",
            "",
            "",
        ),
        ("X", "OnDemand", "GB-Mo", "0.0900000000", "USD", "Storage", *blank, "EBS:VolumeUsage.gp3", "gp3"),
        ("X", "OnDemand", "Hrs", "0.0450000000", "USD", "NAT Gateway", *blank, "NatGateway-Hours", ""),
    ]
    lines = [",".join(f'"{cell}"' for cell in row) for row in (COLUMNS, *rows)]
    return METADATA + "\n".join(lines) + "\n"


def gcp_sku(description: str, usage: str, nanos: int) -> dict[str, object]:
    rate = {"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}
    return {
        "description": description,
        "category": {"usageType": usage},
        "serviceRegions": ["us-east1"],
        "pricingInfo": [{"pricingExpression": {"tieredRates": [rate]}}],
    }


GCP_PAGES = {
    "": {
        "skus": [
            gcp_sku("E2 Instance Core running in Americas", "OnDemand", 20_000_000),
            gcp_sku("N1 Predefined something else", "OnDemand", 1),
        ],
        "nextPageToken": "two",
    },
    "two": {"skus": [gcp_sku("E2 Instance Ram running in Americas", "OnDemand", 3_000_000)]},
}
DO_SIZES = {
    "sizes": [
        {
            "slug": "s-2vcpu-4gb",
            "price_hourly": 0.04,
            "price_monthly": 26.0,
            "memory": 4096,
            "vcpus": 2,
            "transfer": 4.0,
        },
        {
            "slug": "c-2",
            "price_hourly": None,
            "price_monthly": None,
            "memory": 4096,
            "vcpus": 2,
            "transfer": 4.0,
        },
    ]
}
DO_TIERS = {
    "options": {
        "subscription_tiers": [
            {"slug": "starter", "monthly_price_in_cents": 0, "included_repositories": 1,
             "included_storage_bytes": 524288000, "storage_overage_price_in_cents": 0},
            {"slug": "basic", "monthly_price_in_cents": 600, "included_repositories": 5,
             "included_storage_bytes": 5368709120, "storage_overage_price_in_cents": 2},
        ]
    }
}  # fmt: skip
ALI = {
    "pricingInfo": {
        "us-east-1::ecs.e-c1m2.xlarge::vpc::linux::optimized": {"hours": [{"price": "0.09", "period": "1"}]},
        "eu-central-1::ecs.g8i.large::vpc::linux::optimized": {"hours": [{"price": "0.12", "period": "1"}]},
        "eu-central-1::ecs.g8i.large::vpc::windows::optimized": {"hours": [{"price": "0.50", "period": "1"}]},
        "eu-central-1::ecs.unheard.of::vpc::linux::optimized": {"hours": [{"price": "0.01", "period": "1"}]},
    }
}


@dataclass
class Vendors:
    """The lists by path; `broken` replaces an answer: a status, or a body."""

    url: str = ""
    broken: dict[str, int | str] = field(default_factory=dict)
    credentials: list[str | None] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """What makes `prices refresh` read these lists."""
        named = {
            f"CLOUDDEPLOY_PRICES_{cloud}": self.url for cloud in ("AWS", "GCP", "DIGITALOCEAN", "ALIBABA")
        }
        return {
            **named,
            "DIGITALOCEAN_ACCESS_TOKEN": "do-token-for-tests",
            "CLOUDDEPLOY_GCP_API_KEY": "gcp-key-for-tests",
        }

    def answer(self, target: str) -> tuple[int, str]:
        split = urlsplit(target)
        for part, broken in self.broken.items():
            if part in split.path:
                return (broken, "") if isinstance(broken, int) else (200, broken)
        if split.path.startswith("/offers"):
            return 200, ec2_list() if "AmazonEC2" in split.path else METADATA + ",".join(
                f'"{c}"' for c in COLUMNS
            )
        if split.path.endswith("/skus"):
            return 200, json.dumps(GCP_PAGES[parse_qs(split.query).get("pageToken", [""])[0]])
        known = {"/v2/sizes": DO_SIZES, "/v2/registry/options": DO_TIERS}
        return 200, json.dumps(known.get(split.path, ALI))


@contextmanager
def running() -> Iterator[Vendors]:
    """All four lists behind one address."""
    vendors = Vendors()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            vendors.credentials.append(
                self.headers.get("Authorization") or self.headers.get("X-Goog-Api-Key")
            )
            status, body = vendors.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    vendors.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield vendors
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
