"""How numbers and configurations are shown."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

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


def named(*names):
    return go.Figure([go.Scatter(x=[1], y=[1], name=name) for name in names])


def test_a_figure_has_room_for_its_title_above_every_line_of_its_legend():
    assert style.legend_lines(named("one alone")) == 0
    assert style.legend_lines(named("a", "b", "c")) == 1
    # two columns as wide as the longest name, so three lines for five names
    assert style.legend_lines(named("a" * 24, "b", "c", "d", "e", "f" * 25)) == 3
    assert style.legend_lines(named("a" * 60, "b" * 60)) == 2

    few, many = named("a", "b"), named(*(letter * 60 for letter in "abcd"))
    tops = [style.styled(figure, "T").layout.margin.t for figure in (few, many)]
    assert tops == [style.TITLE + style.LINE, style.TITLE + 4 * style.LINE]
    hidden = style.styled(named("a" * 60, "b" * 60), "T", showlegend=False)
    assert hidden.layout.margin.t == tops[0]


def test_titles_of_plots_stand_under_the_legend():
    figure = make_subplots(1, 2, subplot_titles=("left", "right"))
    figure.add_traces(named("a", "b").data)
    style.styled(figure, "T")
    assert figure.layout.margin.t == style.TITLE + 2 * style.LINE
    assert figure.layout.legend.y > 1.1


def test_logarithmic_axes_name_few_of_their_digits():
    figure = style.styled(go.Figure(), "T", xaxis_type="log")
    assert figure.layout.xaxis.nticks == style.LOG_TICKS
    assert figure.layout.yaxis.nticks is None
