"""Every setting, one frozen object: STUDIO_* in the environment over studio.toml over defaults."""

import os
import socket
from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

STARTER = Path(__file__).parent / "engines" / "starter" / "weights"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="STUDIO_", toml_file="studio.toml", frozen=True, extra="ignore"
    )

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("studio-server")))
    """Database, blobs, caches and keys."""
    hot_folder: Path | None = None
    """The folder that the camera's program writes to; default: `hot` in the data folder."""
    shelf_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("studio-server")) / "shelf"
    )
    """Model files; shared by all data folders."""
    base_dir: Path = STARTER
    """The base to paint with: a folder in diffusers' format, or the name of an added one."""
    mirror: str = ""
    """The second place of the originals: a folder on another disk, or an fsspec URL; empty: there is none."""
    database_url: str = ""
    """SQLAlchemy URL; default: SQLite in the data folder."""
    redis_url: str = ""
    """Default: a server of our own on a unix socket."""
    host: str = "0.0.0.0"  # noqa: S104 - the tablet must reach it; every door asks for a password, PIN or key
    port: int = 8420
    public_url: str = ""
    """What the tablet is told; default: this machine's address on its network."""
    studio_name: str = "Studio"
    """On every page, and in the certificate that signs pictures, when that is made."""
    signing_certificate: Path | None = None
    """PEM, the certificate that signs masters first; default: one that the studio makes for itself."""
    signing_key: Path | None = None
    """PEM: its private key."""
    owner_password: str = ""
    """Sets the photographer's password on the first start; else one is made and printed."""
    engines: str = "starter"
    """`starter`, or `fake`: instant pictures for trying the pages out."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - their names are pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def hot(self) -> Path:
        return self.hot_folder or self.data_dir / "hot"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'studio.sqlite'}"

    @property
    def local_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tablet_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{_address()}:{self.port}"

    def environment(self, **more: str) -> dict[str, str]:
        """What a child process needs in order to read these very settings."""
        own = {f"STUDIO_{name.upper()}": str(value) for name, value in self.model_dump().items() if value}
        return {**os.environ, **own, **more}  # noqa: TID251 - this is the one place


def _address() -> str:
    """The machine's address on the network that a tablet would share; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
