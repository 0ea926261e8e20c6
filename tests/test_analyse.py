"""What `nexuszero analyse` adds to its counts: widths that help, hints that nothing bounds, bytes by component."""

from r1cs_files import GOLDILOCKS, products, system
from shell import ROOT, answer, refused, run

CIRCUITS = ROOT / "tests/fixtures/circuits"
MATMUL = CIRCUITS / "matmul.goldilocks.r1cs"


def test_what_would_let_a_circuit_lift():
    found = answer("analyse", MATMUL)["help"]
    assert [(one["name"], one["width"], one["wires"]) for one in found["inputs"]] == [
        ("main.a[*][*]", "u30", 9),
        ("main.b[*][*]", "u30", 9),
    ]
    widest = ",".join(f"{one['name']}={one['width']}" for one in found["inputs"])
    assert (
        answer("recommend", MATMUL, "--security", 128, "--exact", "--bounds", widest)[
            "proof_size"
        ]
        == found["proof_size"]
    )
    wider = widest.replace("u30", "u31", 1)
    assert not answer("analyse", MATMUL, "--bounds", wider)["liftable"]
    half = answer("analyse", MATMUL, "--bounds", "main.a[*][*]=u30")["help"]
    assert [one["name"] for one in half["inputs"]] == ["main.b[*][*]"]
    assert answer("analyse", CIRCUITS / "compare.bn128.r1cs")["help"] is None
    assert answer("analyse", MATMUL, "--no-inputs")["help"] is None


def test_a_hint_that_nothing_bounds_is_told_from_an_input(tmp_path):
    """in = 2 div + bit, bit Boolean, div*div = out: whatever div is, a bit fits two of them."""
    circuit = tmp_path / "div.r1cs"
    circuit.write_bytes(division())
    (tmp_path / "div.sym").write_text(
        "1,1,0,main.out\n2,2,0,main.in\n3,3,0,main.div\n4,4,0,main.bit\n"
    )
    found = answer("analyse", circuit)["help"]
    assert found["inputs"] == [] and found["unbounded_hints"] == ["main.div"]
    assert (
        "hints that no range bounds and no constraint computes: main.div"
        in run("analyse", circuit).stdout
    )


def division():
    """A file over Goldilocks: wires out and in (public), div, bit."""
    constraints = [
        [{4: 1}, {4: 1, 0: -1}, {}],
        [{}, {}, {2: 1, 3: -2, 4: -1}],
        [{3: 1}, {3: 1}, {1: 1}],
    ]
    return system(constraints, 5, 1, 1)


def test_where_the_bytes_come_from():
    found = answer("analyse", CIRCUITS / "compare.bn128.r1cs", "--components")
    rows = {row["name"]: row for row in found["components"]}
    assert (
        rows["main"]["constraints"] == found["constraints"]
        and rows["main"]["rest"] is None
    )
    inner = [row for name, row in rows.items() if name != "main"]
    assert inner and all(row["constraints"] < found["constraints"] for row in inner)
    assert all(
        row["proof_size"] <= rows["main"]["proof_size"]
        for row in inner
        if row["liftable"]
    )
    text = run("analyse", CIRCUITS / "compare.bn128.r1cs", "--components").stdout
    assert "bytes of the rest" in text and all(name in text for name in rows)


def test_components_want_names(tmp_path):
    circuit = products(tmp_path / "c.r1cs", GOLDILOCKS, 1)
    assert "components go by circom's names" in refused(
        "analyse", circuit, "--components"
    )


def test_names_of_another_circuit_are_left_out(tmp_path):
    circuit = tmp_path / "c.r1cs"
    circuit.write_bytes(MATMUL.read_bytes())
    (tmp_path / "c.sym").write_text((CIRCUITS / "compare.bn128.sym").read_text())
    found = answer("analyse", circuit)
    assert (
        "c.sym: line 61" in found["stale_names"] and found["first"][0]["label"] is None
    )
    assert [one["name"] for one in found["help"]["inputs"]] == [
        str(wire) for wire in range(10, 28)
    ]
    assert "wires have no names" in run("analyse", circuit).stdout
    new = tmp_path / "new.r1cs"
    assert (
        "c.sym: line 61"
        in refused("constrain", circuit, "--bounds", "10=u8", "-o", new)
        and not new.exists()
    )
    assert "c.sym: line 61" in refused(
        "analyse", circuit, "--bounds", "main.a[0][0]=u8"
    )
