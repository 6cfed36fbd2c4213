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
    "SKU", "TermType", "StartingRange", "Unit", "PricePerUnit", "Currency", "LeaseContractLength",
    "PurchaseOption", "OfferingClass", "Product Family", "Instance Type", "vCPU", "Memory",
    "Physical Processor", "Operating System", "Pre Installed S/W", "CapacityStatus", "Tenancy",
    "MarketOption", "GPU", "Region Code", "usageType", "Volume API Name",
)  # fmt: skip
SHARED = {
    "Pre Installed S/W": "NA",
    "CapacityStatus": "Used",
    "Tenancy": "Shared",
    "MarketOption": "OnDemand",
}


def record(usd: str, usage: str, **columns: object) -> dict[str, object]:
    """A row of a list: on demand, in USD, of the first tier."""
    usual = {"SKU": "X", "TermType": "OnDemand", "StartingRange": "0", "Unit": "Hrs", "Currency": "USD"}
    return {**usual, "PricePerUnit": usd, "usageType": usage, **columns}


def ec2(name: str, usd: str, memory: str = "4 GiB", **columns: object) -> dict[str, object]:
    processor = "AWS Graviton2 Processor" if name.startswith("t4g") else "Intel"
    machine = {"Product Family": "Compute Instance", "Instance Type": name, "vCPU": 2, "Memory": memory}
    usual = {**machine, **SHARED, "Physical Processor": processor, "Operating System": "Linux"}
    return record(usd, f"BoxUsage:{name}", **{**usual, **columns})


def reserved(usd: str, **columns: str) -> dict[str, object]:
    terms = {"TermType": "Reserved", "LeaseContractLength": "1yr", "PurchaseOption": "No Upfront"}
    return ec2("t3.medium", usd, **{**terms, "OfferingClass": "standard", **columns})


STORAGE = {"Product Family": "Storage", "Volume API Name": "gp3"}
AWS = {
    "AmazonEC2": [
        ec2("t3.medium", "0.0500000000"),
        ec2("t4g.medium", "0.0400000000"),
        ec2("t3.large", "0.0000000000"),
        ec2("m8i.large", "0.2000000000", memory="8 GiB"),
        ec2("m8i.large", "0.9000000000", memory="8 GiB", **{"Operating System": "Windows"}),
        ec2("m4.large", "0.1000000000", memory="8 GiB"),
        ec2("m99z.large", "0.0010000000", memory="8 GiB"),
        ec2("c7i.metal-24xl", "0.0010000000", memory="8 GiB"),
        reserved("0.0310000000"),
        reserved("0.0190000000", LeaseContractLength="3yr"),
        reserved("0.0100000000", OfferingClass="convertible"),
        reserved("99.0000000000", PurchaseOption="All Upfront", Unit="Quantity"),
        record("0.0900000000", "EUC1-EBS:VolumeUsage.gp3", **STORAGE),
        record("0.0450000000", "NatGateway-Hours", **{"Product Family": "NAT Gateway"}),
        record("9.0000000000", "RegionalNatGateway-Hours", **{"Product Family": "NAT Gateway"}),
        record(
            "9.0000000000",
            "NatGateway-Hours",
            **{"Product Family": "NAT Gateway", "Region Code": "us-east-1-bos-1"},
        ),
        ec2("t3.medium", "9.0000000000", **{"Region Code": "us-east-1-bos-1"}),
        ec2("t3.medium", "9.0000000000", Currency="CNY"),
        ec2("t3.medium", "9.0000000000", Tenancy="Dedicated"),
        ec2("t3.medium", "9.0000000000", CapacityStatus="UnusedCapacityReservation"),
        ec2("t3.medium", "9.0000000000", **{"Pre Installed S/W": "SQL Web"}),
        ec2("t3.medium", "-1.0000000000"),
    ],
    "AWSELB": [
        record("0.0230000000", "LoadBalancerUsage", **{"Product Family": "Load Balancer-Network"}),
        record(
            "0.0990000000", "Outposts-LoadBalancerUsage", **{"Product Family": "Load Balancer-Application"}
        ),
        record("0.0061000000", "EUC1-LCUUsage", **{"Product Family": "Load Balancer-Network"}),
        record("0.0990000000", "ReservedLCUUsage", **{"Product Family": "Load Balancer-Network"}),
    ],
    "AmazonEKS": [
        record("0.1100000000", "USE1-AmazonEKS-Hours:perCluster"),
        record("0.5100000000", "USE1-AmazonEKS-Hours:extendedSupport"),
        record(
            "0.0060000000",
            "USE1-EKS-Auto:t3.medium-management-hours",
            **{
                "Product Family": "Compute Instance",
                "Instance Type": "t3.medium",
                "Operating System": "Linux",
                **SHARED,
            },
        ),
    ],
    "AmazonVPC": [
        record("0.0051000000", "USE1-PublicIPv4:InUseAddress"),
        record("0.0990000000", "USE1-PublicIPv4:IdleAddress"),
    ],
    "AmazonECR": [record("0.1010000000", "TimedStorage-ByteHrs")],
    "AWSDataTransfer": [
        record("0.0910000000", "DataTransfer-Out-Bytes"),
        record("0.0851000000", "DataTransfer-Out-Bytes", StartingRange="10240"),
        record("0.0711000000", "DataTransfer-Out-Bytes", StartingRange="51200"),
        record("0.0511000000", "DataTransfer-Out-Bytes", StartingRange="153600"),
        record("0.0200000000", "USE1-EUC1-AWS-Out-Bytes"),
    ],
}


def aws_list(service: str) -> str:
    """A list as CSV below its lines of metadata."""
    rows = [[record.get(column, "") for column in COLUMNS] for record in AWS[service]]
    lines = [",".join(f'"{cell}"' for cell in row) for row in (COLUMNS, *rows)]
    return METADATA + "\n".join(lines) + "\n"


def gcp_sku(
    description: str, usage: str, nanos: int, *regions: str, unit: str = "h", currency: str = "USD"
) -> dict[str, object]:
    def rate(start: float, nanos: int) -> dict[str, object]:
        price = {"currencyCode": currency, "units": "0", "nanos": nanos}
        return {"startUsageAmount": start, "unitPrice": price}

    rates = {"usageUnit": unit, "tieredRates": [rate(0, 0), rate(1, nanos)]}
    return {
        "description": description,
        "category": {"usageType": usage},
        "serviceRegions": list(regions or ("us-east1",)),
        "pricingInfo": [{"pricingExpression": rates}],
    }


GCP_COMPUTE = {
    "": {
        "skus": [
            gcp_sku("E2 Instance Core running in Americas", "OnDemand", 20_000_000),
            gcp_sku("N1 Predefined something else", "OnDemand", 1),
            gcp_sku("Commitment v1: E2 Cpu in Americas for 1 Year", "Commit1Yr", 12_000_000),
            gcp_sku("Commitment v1: Cpu in Americas for 1 Year", "Commit1Yr", 99_000_000),
            gcp_sku("E2 Instance Core running in Americas", "OnDemand", 999, unit="mo"),
            gcp_sku("E2 Instance Core running in Americas", "OnDemand", 999, currency="EUR"),
            gcp_sku("E2 Custom Instance Core running in Americas", "OnDemand", 999),
            gcp_sku(
                "Balanced PD Capacity in Frankfurt", "OnDemand", 125_000_000, "europe-west3", unit="GiBy.mo"
            ),
            gcp_sku("Balanced PD Capacity in Frankfurt", "OnDemand", 171_000, "europe-west3", unit="GiBy.h"),
            gcp_sku(
                "Regional Balanced PD Capacity in Frankfurt",
                "OnDemand",
                999_000_000,
                "europe-west3",
                unit="GiBy.mo",
            ),
            gcp_sku("Hyperdisk Balanced Capacity in Moncks Corner", "OnDemand", 81_000_000, unit="GiBy.mo"),
            gcp_sku("Hyperdisk Balanced IOPS in Moncks Corner", "OnDemand", 5_000_000, unit="mo"),
            gcp_sku("External IP Charge on a Standard VM", "OnDemand", 5_100_000, "global"),
        ],
        "nextPageToken": "two",
    },
    "two": {
        "skus": [
            gcp_sku("E2 Instance Ram running in Americas", "OnDemand", 3_000_000, unit="GiBy.h"),
            gcp_sku("Commitment v1: E2 Ram in Americas for 1 Year", "Commit1Yr", 2_000_000, unit="GiBy.h"),
        ]
    },
}
GCP_KUBERNETES = {
    "": {
        "skus": [
            gcp_sku("Zonal Kubernetes Clusters", "OnDemand", 110_000_000, "global"),
            gcp_sku("Autopilot Pod mCPU Requests (us-east1)", "OnDemand", 44_500),
            gcp_sku("Autopilot Spot Pod mCPU Requests (us-east1)", "OnDemand", 1_000),
            gcp_sku("Autopilot Pod Memory Requests (us-east1)", "OnDemand", 4_900_000, unit="GiBy.h"),
        ]
    }
}
GCP_ARTIFACTS = {
    "": {"skus": [gcp_sku("Artifact Registry Storage", "OnDemand", 102_000_000, "global", unit="GiBy.mo")]}
}
GCP_SERVICES = {
    "6F81-5844-456A": GCP_COMPUTE, "CCD8-9BF1-090E": GCP_KUBERNETES, "149C-F9EC-3994": GCP_ARTIFACTS,
}  # fmt: skip


def do_size(slug: str, hourly: float | None, monthly: float | None, **more: object) -> dict[str, object]:
    size = {"slug": slug, "price_hourly": hourly, "price_monthly": monthly, "memory": 4096, "vcpus": 2}
    return {**size, "transfer": 4.0, "available": True, "regions": ["nyc1", "fra1"], **more}


DO_SIZES = {
    "1": {
        "sizes": [
            do_size("s-2vcpu-4gb", 0.04, 26.0),
            do_size("c-2", None, None),
            do_size("gpu-h100x1-80gb", 3.39, 2278.08, gpu_info={"count": 1, "model": "nvidia_h100"}),
            do_size("s-2vcpu-4gb-old", 0.01, 6.0, available=False),
        ],
        "links": {"pages": {"next": "https://api.digitalocean.com/v2/sizes?page=2&per_page=200"}},
        "meta": {"total": 5},
    },
    "2": {"sizes": [do_size("s-8vcpu-32gb-new", 0.25, 168.0)], "links": {}, "meta": {"total": 5}},
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
    "currency": "USD",
    "pricingInfo": {
        "us-east-1::ecs.e-c1m2.xlarge::vpc::linux::optimized": {"hours": [{"price": "0.09", "period": "1"}]},
        "eu-central-1::ecs.g8i.large::vpc::linux::optimized": {"hours": [{"price": "0.12", "period": "1"}]},
        "eu-central-1::ecs.g8i.large::vpc::windows::optimized": {"hours": [{"price": "0.50", "period": "1"}]},
        "eu-central-1::ecs.unheard.of::vpc::linux::optimized": {"hours": [{"price": "0.01", "period": "1"}]},
    },
}


@dataclass
class Vendors:
    """The lists by path; `broken` replaces an answer by a part of its address: a status, or a body.

    `moved` is where all of them are instead.
    """

    url: str = ""
    moved: str = ""
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
            if part in target:
                return (broken, "") if isinstance(broken, int) else (200, broken)
        if split.path.startswith("/offers"):
            return 200, aws_list(split.path.split("/")[4])
        if split.path.endswith("/skus"):
            pages = GCP_SERVICES[split.path.split("/")[3]]
            return 200, json.dumps(pages[parse_qs(split.query).get("pageToken", [""])[0]])
        page = parse_qs(split.query).get("page", ["1"])[0]
        known = {"/v2/sizes": DO_SIZES[page], "/v2/registry/options": DO_TIERS}
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
            status, body = (308, "") if vendors.moved else vendors.answer(self.path)
            self.send_response(status)
            if vendors.moved:
                self.send_header("Location", vendors.moved + self.path)
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
