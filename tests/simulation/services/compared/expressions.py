"""Any expression of the kinds that the model of DynamoDB knows, with its names and values."""

from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

# What the items of a program have: two attributes of each type, so that any two may be compared.
NUMBERS: Final = ("n", "o")
TEXTS: Final = ("s", "t")
SETS: Final = ("ss", "ns")
LISTS: Final = ("l",)
MAPS: Final = ("m",)
NAMES: Final = (*NUMBERS, *TEXTS, *SETS, *LISTS, *MAPS, "kind", "created")

_words: Final = st.sampled_from(["", "a", "ab", "b", "B", "é", "a b"])
_whole: Final = st.sampled_from(["0", "1", "-1", "2", "10", "007", "1.50"])
texts: Final = st.builds(lambda text: {"S": text}, _words)
numbers: Final = st.builds(lambda text: {"N": text}, _whole)
_text_sets: Final = st.builds(
    lambda members: {"SS": members}, st.lists(_words, min_size=1, max_size=3, unique=True)
)
_number_sets: Final = st.builds(
    lambda members: {"NS": members},
    st.lists(st.sampled_from(["1", "2", "10", "-3"]), min_size=1, max_size=3, unique=True),
)
# Without booleans: moto finds 1 in a list that has `true`.
_leaves: Final = st.one_of(texts, numbers, st.just({"NULL": True}))
_lists: Final = st.builds(lambda members: {"L": members}, st.lists(_leaves, max_size=3))
_maps: Final = st.builds(
    lambda members: {"M": members}, st.dictionaries(st.sampled_from(["x", "y"]), _leaves)
)
_binaries: Final = st.builds(lambda content: {"B": content}, st.sampled_from([b"", b"a", b"ab"]))
BY_NAME: Final[dict[str, st.SearchStrategy[Any]]] = {
    "n": numbers,
    "o": numbers,
    "s": texts,
    "t": texts,
    "ss": _text_sets,
    "ns": _number_sets,
    "l": _lists,
    "m": _maps,
    "kind": st.sampled_from([{"S": "k"}, {"S": "K"}]),
    "created": st.sampled_from([{"S": str(number)} for number in range(4)]),
}
# moto takes what is missing for equal to a null, and 1 for equal to `true`.
any_value: Final = st.one_of(texts, numbers, _text_sets, _number_sets, _lists, _maps, _binaries)


@dataclass(slots=True)
class Writing:
    """An expression that is being written, and the placeholders that it has so far."""

    draw: st.DrawFn
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def choose(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def value(self, strategy: st.SearchStrategy[Any]) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = self.draw(strategy)
        return placeholder

    def name(self, name: str) -> str:
        """A name, written out or by a placeholder."""
        if self.draw(st.booleans()):
            return name
        self.names[f"#{name}"] = name
        return f"#{name}"

    def path(self) -> str:
        """The path of an attribute, or of something in a list or a map."""
        name = self.choose(*NAMES, "nothing")
        return self.name(name) + self._inside(name)

    def request(self) -> dict[str, Any]:
        """The placeholders, as a request has them."""
        given = {
            "ExpressionAttributeNames": self.names,
            "ExpressionAttributeValues": self.values,
        }
        return {parameter: value for parameter, value in given.items() if value}

    def condition(self, depth: int = 0) -> str:
        """A condition of a few comparisons."""
        kind = self.choose("one", "one", "AND", "OR", "NOT", "()") if depth < 2 else "one"
        if kind == "NOT":
            return f"NOT {self.comparison()}"
        if kind == "()":
            return f"({self.condition(depth + 1)} OR {self.comparison()})"
        if kind == "one":
            return self.comparison()
        return f"{self.atom(depth)} {kind} {self.atom(depth)}"

    def atom(self, depth: int) -> str:
        return self.comparison() if self.choose(True, False) else self.condition(depth + 1)

    def comparison(self) -> str:
        kind = self.choose("sign", "sign", "between", "in", "exists", "type", "begins", "contains")
        match kind:
            case "sign":
                return self._signed()
            case "between":
                return self._between()
            case "in":
                members = [self.value(any_value) for _ in range(self.choose(1, 2, 3))]
                return f"{self.path()} IN ({', '.join(members)})"
            case "exists":
                return f"{self.choose('attribute_exists', 'attribute_not_exists')}({self.path()})"
            case "type":
                types = st.sampled_from([{"S": kind} for kind in ("S", "N", "SS", "L", "M", "B")])
                return f"attribute_type({self.path()}, {self.value(types)})"
            case "begins":
                name = self.name(self.choose(*TEXTS, "kind", "nothing"))
                return f"begins_with({name}, {self.value(texts)})"
        return self._contained()

    def _signed(self) -> str:
        sign = self.choose("=", "<>", "<", "<=", ">", ">=")
        if self.choose(False, False, True):
            sized = self.name(self.choose("s", "ss", "l", "m"))
            return self._guarded(sized, f"size({sized}) {sign} {self.value(numbers)}")
        if sign in ("=", "<>") and self.choose(True, False):
            return f"{self.path()} {sign} {self.value(any_value)}"
        names = self.choose(NUMBERS, (*TEXTS, "kind", "created", "nothing"))
        name, other = self.name(self.choose(*names)), self.name(self.choose(*names))
        if self.choose(False, False, True):
            return self._guarded(name, f"{name} {sign} {other}")
        return f"{name} {sign} {self.value(numbers if names is NUMBERS else texts)}"

    @staticmethod
    def _guarded(path: str, comparison: str) -> str:
        """A comparison of something that is there: moto fails on the size of nothing, and takes
        nothing for equal to nothing."""
        return f"(attribute_exists({path}) AND {comparison})"

    def _contained(self) -> str:
        name, members = self.choose(
            ("s", texts), ("t", texts), ("ss", texts), ("ns", numbers), ("l", _leaves)
        )
        return f"contains({self.name(name)}, {self.value(members)})"

    def _between(self) -> str:
        kind, low, high = self.choose(("S", "a", "b"), ("S", "", "zz"), ("N", "0", "2"))
        names = NUMBERS if kind == "N" else (*TEXTS, "kind", "created")
        bounds = [self.value(st.just({kind: bound})) for bound in (low, high)]
        return f"{self.name(self.choose(*names))} BETWEEN {bounds[0]} AND {bounds[1]}"

    def update(self) -> str:
        """An update of one to four attributes, each changed by one clause."""
        chosen = self.draw(
            st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True), label="changed"
        )
        clauses: dict[str, list[str]] = {}
        for name in chosen:
            clause, text = self._action(name)
            clauses.setdefault(clause, []).append(text)
        return " ".join(f"{clause} {', '.join(texts)}" for clause, texts in clauses.items())

    def _action(self, name: str) -> tuple[str, str]:
        written = self.name(name)
        if name in (*NUMBERS, *SETS) and self.choose(True, False):
            return "ADD", f"{written} {self.value(BY_NAME[name])}"
        if name in SETS and self.choose(True, False):
            return "DELETE", f"{written} {self.value(BY_NAME[name])}"
        if self.choose(False, False, False, True):
            return "REMOVE", written + self._inside(name)
        return "SET", f"{written}{self._assigned(name, written)}"

    def _inside(self, name: str) -> str:
        """A step into a list or a map."""
        if name in LISTS:
            return str(self.choose("", "[0]", "[1]"))
        return str(self.choose("", ".x", ".y")) if name in MAPS else ""

    def _assigned(self, name: str, written: str) -> str:
        """What `SET` makes of it: ` = ...`."""
        strategy = BY_NAME[name]
        if inside := self._inside(name):
            return f"{inside} = {self.value(any_value)}"
        if name in NUMBERS and self.choose(True, False):
            first = written
            if self.choose(True, False):
                first = f"if_not_exists({written}, {self.value(numbers)})"
            return f" = {first} {self.choose('+', '-')} {self.value(numbers)}"
        if name in LISTS and self.choose(True, False):
            return f" = list_append({written}, {self.value(_lists)})"
        if self.choose(True, False):
            return f" = if_not_exists({written}, {self.value(strategy)})"
        return f" = {self.value(strategy)}"

    def projection(self) -> str:
        chosen = self.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        # moto refuses a position in a list that is missing.
        inner = [self._inside(name) if name in MAPS else "" for name in chosen]
        return ", ".join(self.name(name) + step for name, step in zip(chosen, inner, strict=True))
