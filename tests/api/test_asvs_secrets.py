"""The secrets that a server makes for itself: all of them written down, none for anybody else to read."""

from __future__ import annotations

from pathlib import Path

from tests.serving import serving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"


async def test_every_key_of_a_data_folder_is_in_the_inventory_and_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with serving(data) as api:
        await api.person("admin")
        kept = [path for path in data.rglob("*") if path.is_file()]
    inventory = PAGE.read_text()
    secrets = [path for path in kept if path.parent.name == "secrets"]
    assert len(secrets) >= 3
    for path in secrets:
        assert f"`secrets/{path.name}`" in inventory, f"docs/security.md does not know secrets/{path.name}"
    for path in [*secrets, data / "vtp.sqlite3"]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert (data / "secrets").stat().st_mode & 0o077 == 0
