"""How numbers and configurations are shown."""

from nexuszero.config import GenerateConfig
from nexuszero.report import style


def test_configuration_shows_no_path():
    table = style.configuration(GenerateConfig())
    assert "out" not in set(table["setting"])


def test_flat_joins_names():
    assert style.flat({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {
        "a b": 1,
        "a c d": 2,
        "e": 3,
    }


def test_numbers_are_shown_with_four_digits():
    numbers = {
        0: "0",
        0.21652: "0.2165",
        24415.8: "24,416",
        2.176e-5: "2.18e-05",
        -3.0: "-3",
    }
    assert {number: style.shown(number) for number in numbers} == numbers
