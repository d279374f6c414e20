"""What operators of 1.x answer with: a ``Response`` that they fill, and the value that they hand back beside it."""

from __future__ import annotations

from typing import Any


class Responsable:
    """A value of 1.x that knows how to tell itself in a response."""

    def to_response(self, prior: Response) -> Response:
        """Tell it."""
        raise NotImplementedError


class Response:
    """What an operator of 1.x says: errors, warnings, info, data and a status.

    ``models`` are the values of today that stand behind data, each with its entry there: they are what is returned.
    """

    def __init__(self) -> None:
        self.responses: list[Any] = []
        self.warnings: list[str] = []
        self.info: list[str] = []
        self.debug: list[str] = []
        self.errors: list[str] = []
        self.status_code = 200
        self.data: list[Any] = []
        self.response: dict[str, Any] = {}
        self.models: list[tuple[Any, Any]] = []

    def merge(self, response: Response) -> Response:
        """This one with all that another one says behind it."""
        for name in ("models", "responses", "warnings", "info", "debug", "errors", "data"):
            getattr(self, name).extend(getattr(response, name))
        self.status_code = response.status_code
        return self

    def errored(self) -> bool:
        """Whether there are errors."""
        return bool(self.errors)

    def add(self, key: str, value: list[Any]) -> None:
        """Say something under a key of its own."""
        self.response[key] = value

    def add_warning(self, warning: str, log: bool = True) -> None:
        """Warn."""
        self.warnings.append(str(warning))

    def add_info(self, info: Any, log: bool = True) -> None:
        """Tell."""
        self.info.append(str(info))

    def add_debug(self, debug: str, log: bool = True) -> None:
        """Tell who debugs; today that is nobody."""
        self.debug.append(str(debug))

    def add_error(self, error: str, log: bool = True) -> None:
        """Tell what failed: the run fails with it."""
        self.errors.append(str(error))

    def add_response(self, response: dict[str, Any], log: bool = False) -> None:
        """Keep what a service answered; it is not shown."""
        self.responses.append(response)

    def set_status(self, status: int) -> None:
        """Set the status of HTTP."""
        self.status_code = status

    def add_data(self, data: Any, model: Any = None) -> None:
        """Add a value; ``model`` is what it is today, if it is anything."""
        if model is not None:
            self.models.append((data, model))
        self.data.append(data)

    def formatted(self) -> dict[str, Any]:
        """What 1.x printed."""
        lists = {"Errors": self.errors, "Info": self.info, "Warnings": self.warnings, "Data": self.data}
        return self.response | {name: given for name, given in lists.items() if given}

    def with_status(self) -> tuple[dict[str, Any], int]:
        """What 1.x printed, and the status."""
        return self.formatted(), self.status_code

    def returned(self) -> Any:
        """What an operator of today returns in its place: the values behind the data, one by itself."""
        # By identity: an operator may have put other data in its place.
        values = [next((model for data, model in self.models if data is each), each) for each in self.data]
        values += [{key: value} for key, value in self.response.items()]
        return values[0] if len(values) == 1 else values or None


class OperatorResponse:
    """A response, and the value (``object``) that it is about."""

    def __init__(self, resp: Response, object: Any = None) -> None:
        self.object = object
        self.response: Response = object.to_response(resp) if object is not None else resp

    def to_response(self) -> Response:
        """The response."""
        return self.response

    def formatted(self) -> dict[str, Any]:
        """What 1.x printed."""
        return self.response.formatted()

    def status_code(self) -> int:
        """The status of HTTP."""
        return self.response.status_code

    def with_status(self) -> tuple[dict[str, Any], int]:
        """What 1.x printed, and the status."""
        return self.response.with_status()


class DelayedOperatorResponse(OperatorResponse):
    """The response of an operator whose work is a job."""

    def __init__(self, job: Any, response: Response) -> None:
        super().__init__(response, job)
