"""The shape of one entry of a calendar's `holidays`."""

from typing import Annotated, Self

from pydantic import Field, PlainValidator, ValidationInfo, field_validator, model_validator

from controller.rules import holidays
from controller.rules.shape import Strict, item_errors
from controller.rules.wording import text

_NOT_GIVEN = ""


def parse_subdivision(value: object) -> str | None:
    """Read a subdivision; `none` is None. Raises ValueError."""
    name = _NOT_GIVEN if value == _NOT_GIVEN else text(value)
    return None if name == "none" else name


class HolidayRule(Strict):
    """A country's holidays. The context is `holidays.Years`; each field is checked against those before it."""

    country: Annotated[str, PlainValidator(text)] = Field(description="write a country code such as US")
    subdivision: Annotated[str | None, PlainValidator(parse_subdivision)] = Field(
        default=_NOT_GIVEN,
        validate_default=True,
    )
    categories: list[Annotated[str, PlainValidator(text)]] = Field(
        default=["public"],
        min_length=1,
        validate_default=True,
        description="write a list such as [public]",
    )
    without: list[Annotated[str, PlainValidator(text)]] = Field(
        default=[],
        description='write a list of names such as ["Columbus Day"]',
    )

    @field_validator("country")
    @classmethod
    def _is_known(cls, country: str) -> str:
        holidays.check_country(country)
        return country

    @field_validator("subdivision")
    @classmethod
    def _is_of_the_country(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if country is None:
            return subdivision
        if subdivision == _NOT_GIVEN:
            if holidays.has_subdivisions(country):
                raise ValueError(f"is missing, {country} has subdivisions: write the one that is meant, or none")
            return None
        holidays.check_subdivision(country, subdivision)
        return subdivision

    @field_validator("categories")
    @classmethod
    def _are_of_the_country(cls, categories: list[str], info: ValidationInfo) -> list[str]:
        if country := info.data.get("country"):
            item_errors(holidays.unknown_categories(country, categories))
        return categories

    @field_validator("without")
    @classmethod
    def _are_names_of_holidays(cls, without: list[str], info: ValidationInfo) -> list[str]:
        if {"country", "subdivision", "categories"} <= info.data.keys():
            country, subdivision, categories = (info.data[key] for key in ("country", "subdivision", "categories"))
            found = holidays.Observed(country, subdivision, tuple(sorted(set(categories))), ())
            item_errors(holidays.unknown_names(found, without, _years(info)))
        return without

    @model_validator(mode="after")
    def _years_are_known(self, info: ValidationInfo) -> Self:
        holidays.check_years(self.observed(), _years(info))
        return self

    def observed(self) -> holidays.Observed:
        """Give what is observed, without regard to order."""
        categories, without = (tuple(sorted(set(each))) for each in (self.categories, self.without))
        return holidays.Observed(self.country, self.subdivision, categories, without)


def _years(info: ValidationInfo) -> holidays.Years:
    if not isinstance(info.context, holidays.Years):
        raise TypeError("holidays are validated with the years that are meant as context")
    return info.context
