"""How numbers and configurations are shown."""

import plotly.graph_objects as go

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


def test_a_figure_without_words_of_its_own_says_title_axes_and_names():
    figure = go.Figure([go.Scatter(x=[1], y=[2], name="a"), go.Scatter(x=[1], y=[3])])
    style.styled(figure, "T", "x (bits)", "y", showlegend=False)
    assert style.text_alternative(figure.to_dict()) == "T. Axes: x (bits); y. Shown: a"
    assert figure.layout.showlegend is False
    style.styled(figure, "T", meta={"alt": "a rises to 2"})
    assert style.text_alternative(figure.to_dict()) == "a rises to 2"


def test_colours_are_okabe_and_ito_s():
    assert len(set(style.COLOURS)) == len(style.COLOURS) == 8
    figure = style.styled(go.Figure(), "T")
    assert figure.layout.template.layout.colorway == style.COLOURS
