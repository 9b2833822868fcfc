"""What `storage.url` may say: a folder of this machine, or a bucket of an object store with a prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

FILE = "file"
BUCKETS = {
    "s3": "Amazon S3 and what speaks like it",
    "az": "Azure Blob Storage",
    "gs": "Google Cloud Storage",
}
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


@dataclass(frozen=True, slots=True)
class StorageAddress:
    """`bucket` is Azure's container; `prefix` has no slash at its ends. A folder has neither."""

    scheme: str
    bucket: str = ""
    prefix: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether bytes go over the network to be there."""
        return self.scheme != FILE

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def parse_storage_address(url: str) -> StorageAddress:
    """Reads a `storage.url`; an empty one is the data folder. Raises ValueError with a sentence."""
    parts = urlsplit(url)
    if not url or (parts.scheme == FILE and parts.netloc in ("", "localhost") and parts.path.startswith("/")):
        return StorageAddress(FILE)
    if parts.scheme not in BUCKETS:
        raise ValueError(
            "write file:///path/to/folder, s3://bucket/prefix, az://container/prefix or gs://bucket/prefix, "
            "or leave it empty"
        )
    if not _BUCKET.fullmatch(parts.netloc):
        raise ValueError(
            f"name the bucket alone after {parts.scheme}://, as in {parts.scheme}://bucket/prefix; keys go "
            "into storage.access_key_id and storage.secret_access_key, a server's address into "
            "storage.endpoint"
        )
    if parts.query or parts.fragment:
        raise ValueError("a bucket's address has no ? and no #")
    prefix = unquote(parts.path).strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
        raise ValueError("a prefix has no empty parts, and none that is . or ..")
    return StorageAddress(parts.scheme, parts.netloc, prefix)
