"""Bring a database to this version's schema: the only module that loads Alembic, which is slow."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def migration_config() -> Config:
    """Alembic's configuration, without any ini file."""
    config = Config()
    config.set_main_option("script_location", "controller.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> None:
    """Run the missing steps in one transaction: all of them or, whatever happens meanwhile, none."""
    config = migration_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
