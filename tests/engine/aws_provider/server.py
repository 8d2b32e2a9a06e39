"""`pulumi-resource-aws`: does to a pretended account what the real provider does to AWS.

Where its configuration names endpoints, it does it to the local AWS that answers there.

What it takes from its environment: where the pretended account and the record of calls are, and
whether every output is unknown in previews.
"""

import os
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local.errors import LocalError
from tests.engine.aws_provider import config, resource
from tests.engine.aws_provider.account import Account, AlreadyExists, Pretended, Refused
from tests.engine.aws_provider.changes import Changes, changes
from tests.engine.aws_provider.kinds import Kind, UnknownType, kind
from tests.engine.aws_provider.naming import with_name
from tests.engine.aws_provider.record import Call, Record
from tests.engine.aws_provider.resource import State, Surroundings
from tests.engine.aws_provider.wire import Values, from_wire, plain, to_wire
from tests.engine.serving import serve

ACCOUNT: Final = "BACKGROUND_TASKS_ENGINE_ACCOUNT"
RECORD: Final = "BACKGROUND_TASKS_ENGINE_RECORD"
UNKNOWN: Final = "BACKGROUND_TASKS_ENGINE_UNKNOWN"

_Kind = provider_pb2.PropertyDiff.Kind
Answer = TypeVar("Answer", bound=Message)


def _telling(method: Callable[[Any, Any, Any], Answer]) -> Callable[[Any, Any, Any], Answer]:
    """Has the engine told what AWS refuses, in place of a traceback."""

    @wraps(method)
    def told(self: Any, request: Any, context: Any) -> Answer:
        try:
            return method(self, request, context)
        except (AlreadyExists, LocalError, Refused, UnknownType) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise  # `abort` has raised

    return told


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The AWS provider, as far as tests tell the real one from it."""

    def __init__(self, folder: Path, record: Record, *, nothing_known: bool) -> None:
        self._folder = folder
        self._record = record
        self._nothing_known = nothing_known
        self._config: Values = {}
        self._account: Account

    def GetPluginInfo(self, request: Any, context: Any) -> Message:  # noqa: N802
        return plugin_pb2.PluginInfo(version=config.version())

    def CheckConfig(self, request: Any, context: Any) -> Message:  # noqa: N802
        inputs = plain(from_wire(request.news))
        failures = config.failures(config.decoded(inputs))
        return provider_pb2.CheckResponse(
            inputs=to_wire(inputs), failures=_check_failures(failures)
        )

    def DiffConfig(self, request: Any, context: Any) -> Message:  # noqa: N802
        """Another configuration replaces no provider, and so none of its resources."""
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_NONE
            if from_wire(request.old_inputs) == from_wire(request.news)
            else provider_pb2.DiffResponse.DIFF_SOME
        )

    def Configure(self, request: Any, context: Any) -> Message:  # noqa: N802
        """Takes the configuration. Like the real provider, it leaves secrets to the engine."""
        self._config = config.decoded(plain(from_wire(request.args)))
        self._record.add(Call("Configure", config=self._config))
        self._account = self._account_of(self._config)
        return provider_pb2.ConfigureResponse(
            supportsPreview=True, supports_autonaming_configuration=True
        )

    @_telling
    def Invoke(self, request: Any, context: Any) -> Message:  # noqa: N802
        around = Surroundings.of(self._config)
        self._record.add(Call("Invoke", inputs={"function": request.tok}, config=self._config))
        answers: dict[str, Values] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "id": self._account.id,
                "accountId": self._account.id,
                "arn": f"arn:{around.partition}:iam::{self._account.id}:user/deployer",
                "userId": "AIDAEXAMPLE",
            },
            "aws:index/getPartition:getPartition": {
                "id": around.partition,
                "partition": around.partition,
                "dnsSuffix": around.suffix,
            },
            "aws:index/getRegion:getRegion": {"id": around.region, "region": around.region},
        }
        if request.tok == "aws:lambda/getInvocation:getInvocation":
            answers[request.tok] = self._account.invoked(from_wire(request.args))
        if request.tok not in answers:
            raise UnknownType(f"The tests' AWS provider can't answer {request.tok}.")
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").update(answers[request.tok])
        return answer

    @_telling
    def Check(self, request: Any, context: Any) -> Message:  # noqa: N802
        of = _kind(request)
        declared = {
            key: value for key, value in from_wire(request.news).items() if value is not None
        }
        named = with_name(of, request, declared, from_wire(request.olds))
        inputs = Surroundings.of(self._config).completed(of, named)
        self._add("Check", request, inputs)
        return provider_pb2.CheckResponse(
            inputs=to_wire(inputs), failures=_check_failures(resource.too_long(of, inputs))
        )

    @_telling
    def Diff(self, request: Any, context: Any) -> Message:  # noqa: N802
        news = from_wire(request.news)
        self._add("Diff", request, news)
        return _diff(
            changes(_kind(request), from_wire(request.old_inputs), news, request.ignoreChanges)
        )

    @_telling
    def Create(self, request: Any, context: Any) -> Message:  # noqa: N802
        inputs = from_wire(request.properties)
        self._add("Create", request, inputs, preview=request.preview)
        if request.preview:
            planned = self._planned(resource.planned(_kind(request), inputs))
            return provider_pb2.CreateResponse(properties=planned)
        id, outputs = self._account.create(_type(request), _name(request), inputs)
        return provider_pb2.CreateResponse(id=id, properties=to_wire(outputs))

    @_telling
    def Update(self, request: Any, context: Any) -> Message:  # noqa: N802
        inputs = from_wire(request.news)
        self._add("Update", request, inputs, preview=request.preview)
        before = _state(request, request.old_inputs, request.olds)
        if request.preview:
            planned = resource.updated(_kind(request), before, inputs, preview=True)
            return provider_pb2.UpdateResponse(properties=self._planned(planned))
        return provider_pb2.UpdateResponse(properties=to_wire(self._account.update(before, inputs)))

    @_telling
    def Read(self, request: Any, context: Any) -> Message:  # noqa: N802
        self._add("Read", request, from_wire(request.inputs))
        found = self._account.read(_state(request, request.inputs, request.properties))
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        return provider_pb2.ReadResponse(
            id=request.id, inputs=to_wire(inputs), properties=to_wire(outputs)
        )

    @_telling
    def Delete(self, request: Any, context: Any) -> Empty:  # noqa: N802
        self._add("Delete", request, from_wire(request.old_inputs))
        self._account.delete(_state(request, request.old_inputs, request.properties))
        return Empty()

    def Cancel(self, request: Any, context: Any) -> Empty:  # noqa: N802
        return Empty()

    def _account_of(self, configuration: Values) -> Account:
        if "endpoints" in configuration:
            # It has boto3 with it, which takes a while, and most tests don't need it.
            from tests.engine.aws_provider.local_account import LocalAccount

            return LocalAccount.of(configuration, Path.cwd())
        return Pretended(self._folder, Surroundings.of(configuration))

    def _planned(self, outputs: Values) -> Any:
        return to_wire(resource.everything_unknown(outputs) if self._nothing_known else outputs)

    def _add(self, method: str, request: Any, inputs: Values, *, preview: bool = False) -> None:
        self._record.add(Call(method, request.urn, inputs, self._config, preview))


def _type(request: Any) -> str:
    return Call("", request.urn).type


def _name(request: Any) -> str:
    return Call("", request.urn).name


def _state(request: Any, inputs: Any, outputs: Any) -> State:
    return State(_type(request), _name(request), request.id, from_wire(inputs), from_wire(outputs))


def _kind(request: Any) -> Kind:
    return kind(_type(request))


def _check_failures(failures: Iterable[tuple[str, str]]) -> list[Any]:
    return [
        provider_pb2.CheckFailure(property=property, reason=reason) for property, reason in failures
    ]


def _diff(found: Changes) -> Message:
    some = provider_pb2.DiffResponse.DIFF_SOME
    return provider_pb2.DiffResponse(
        changes=some if found.all else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=sorted(found.replacing),
        diffs=sorted(found.all),
        deleteBeforeReplace=found.deletes_first,
        hasDetailedDiff=True,
        detailedDiff={
            key: provider_pb2.PropertyDiff(kind=_how(found, key), inputDiff=True)
            for key in sorted(found.all)
        },
    )


def _how(found: Changes, key: str) -> Any:
    replaces = key in found.replacing
    if key in found.added:
        return _Kind.ADD_REPLACE if replaces else _Kind.ADD
    if key in found.deleted:
        return _Kind.DELETE_REPLACE if replaces else _Kind.DELETE
    return _Kind.UPDATE_REPLACE if replaces else _Kind.UPDATE


def main() -> None:
    """Serves the engine that has started this process."""
    provider = AwsProvider(
        Path(os.environ[ACCOUNT]),
        Record(Path(os.environ[RECORD])),
        nothing_known=bool(os.environ.get(UNKNOWN)),
    )
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))
