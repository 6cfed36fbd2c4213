"""EKS: clusters that take their time, checked like the cloud's, with a real Kubernetes API each."""
