"""The connection of one client of AWS: its account, and a client of botocore for each service that is asked.

Requests that a service refuses because it has too much to do are made again by botocore, which slows down by itself
(its mode ``adaptive``), before the error reaches anybody. botocore checks the arguments of each request, and what it
leaves unchecked is held to the service's model here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mason.clients._aws.denials import Asked, code_of, explained
from mason.clients._aws.request_limits import unfit
from mason.clients._aws.whole_answers import check_lengths, is_cut
from mason.errors import AccessDeniedError, EngineError, MissingDependencyError, SettingsError, TransientEngineError
from mason.version import __version__

if TYPE_CHECKING:
    from mason.aws import Account
    from mason.aws.plain_account import PlainAccount
    from mason.clients._aws.quick_reading import QuickReader

_ATTEMPTS = 6
_POOL = 32
"""How many requests to one service are under way at once."""


class Connection:
    """Requests to the services of one account, as ``configuration`` says. ``client`` is named in errors.

    Threads may share it.
    """

    def __init__(self, configuration: Mapping[str, Any], *, client: str) -> None:
        self._client = client
        self._given = configuration
        self._opening = threading.RLock()
        self._account: Account | None = None
        self._services: dict[str, Any] = {}
        self._quick: QuickReader | None = None

    @property
    def client(self) -> str:
        """What the config calls the client."""
        return self._client

    @property
    def account(self) -> Account:
        """Whose requests these are. Raises ``MissingDependencyError``, and ``SettingsError`` for a profile that there
        is not."""
        with self._opening:
            if self._account is None:
                with _usable(self.client):
                    from mason.aws import Account

                    given = self._given
                    if bool(given.get("access_key")) != bool(given.get("secret_key")):
                        raise SettingsError(
                            f"Client {self.client} has one of access_key and secret_key. Give both, or neither."
                        )
                    self._account = Account(
                        {
                            **given,
                            "region": given.get("aws_region"),
                            "role_arn": given.get("aws_role_arn"),
                            "external_id": given.get("aws_external_id"),
                        }
                    )
            return self._account

    @cached_property
    def plain(self) -> PlainAccount | None:
        """The account, as far as it can be told without botocore; ``None`` where it cannot."""
        from mason.aws import plain_account

        return plain_account.found(self._given)

    @property
    def quick(self) -> QuickReader | None:
        """What reads S3 without botocore; ``None`` where that cannot be."""
        with self._opening:
            if self._quick is None and self.plain is not None:
                from mason.clients._aws.quick_reading import QuickReader

                self._quick = QuickReader(self.plain, timeout=float(self._given.get("timeout", 60)))
            return self._quick

    def credentials(self) -> tuple[str, str, str] | None:
        """As of :class:`~mason.aws.Account`. Keys in files may be others by now."""
        from mason.aws import plain_account

        plain = plain_account.found(self._given) if self.plain is not None else None
        return self.account.credentials() if plain is None else (plain.keys.access, plain.keys.secret, plain.keys.token)

    @property
    def reached(self) -> str:
        """The URL of the server that is asked for objects, wherever it is written; empty where it is Amazon's."""
        if self.plain is not None:
            return self.plain.endpoint
        if self.endpoint:
            return self.endpoint
        from urllib.parse import urlsplit

        found = str(self.service("s3").meta.endpoint_url)
        host = urlsplit(found).hostname or ""
        return "" if host.endswith((".amazonaws.com", ".amazonaws.com.cn")) else found

    @property
    def region(self) -> str:
        """The region of the services. Raises ``SettingsError`` where nobody says one, unless there is an endpoint."""
        found = self.plain.region if self.plain is not None else self.account.region
        if not found and not self.endpoint:
            raise SettingsError(
                f"Client {self.client} has no region. Set aws_region in its configuration, or AWS_REGION."
            )
        return found or "us-east-1"

    @property
    def endpoint(self) -> str:
        """The URL of a server that is asked instead of AWS; empty where there is none in the configuration."""
        return str(self._given.get("endpoint_url") or "")

    @property
    def partition(self) -> str:
        """How ARNs begin: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
        region = self.plain.region if self.plain is not None else self.account.region
        return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"

    def service(self, name: str) -> Any:
        """botocore's client for a service, such as ``s3``. Sends nothing; raises as :attr:`account`."""
        return self._made(name, _ATTEMPTS)

    def _made(self, name: str, attempts: int) -> Any:
        key = f"{name}/{attempts}"
        with self._opening:
            if key not in self._services:
                account = self.account
                with _usable(self.client):
                    made = account.client(name, self._config(name, attempts))
                if name != "s3":
                    check_lengths(made)
                self._services[key] = made
            return self._services[key]

    def call(self, service: str, operation: str, asked: Asked, /, **arguments: Any) -> Any:
        """The answer to one request: ``operation`` as botocore has it (``get_object``), ``asked`` for errors.

        Raises what :func:`~mason.clients._aws.denials.explained` raises.
        """
        return self._sent(service, _ATTEMPTS, operation, asked, arguments)

    def call_once(self, service: str, operation: str, asked: Asked, /, **arguments: Any) -> Any:
        """As :meth:`call`, and sent once: for what is done anew each time that the request arrives. Others are repeated
        by botocore when their answer gets lost."""
        return self._sent(service, 1, operation, asked, arguments)

    def _sent(self, name: str, attempts: int, operation: str, asked: Asked, arguments: Mapping[str, Any]) -> Any:
        service = self._made(name, attempts)
        model = service.meta.service_model
        # Requests to S3 hold contents, and their model names no patterns.
        if model.service_name != "s3":
            shape = model.operation_model(service.meta.method_to_api_mapping[operation]).input_shape
            if faults := unfit(shape, arguments):
                raise EngineError(f"Client {self.client} cannot {asked.doing}: {' '.join(faults)}")
        try:
            with explained(asked, self):
                answer = getattr(service, operation)(**arguments)
        except AccessDeniedError as error:
            # What was refused was not done.
            if not self._is_renewed(error, service):
                raise
            with explained(asked, self):
                answer = getattr(self._made(name, attempts), operation)(**arguments)
        if is_cut(answer):
            raise TransientEngineError(
                f"Client {self.client} cannot {asked.doing}: no whole answer came (it was cut off). Check the network, "
                "and try again."
            )
        return answer

    def _is_renewed(self, error: AccessDeniedError, service: Any) -> bool:
        """Whether credentials that ran out were replaced since by whoever hands them out, such as a tool that writes
        them into a file. What renews itself, as that of roles and of processes, botocore renews before that."""
        from mason.aws import EXPIRED

        if code_of(error) not in EXPIRED or self._given.get("access_key"):
            return False
        with self._opening:
            if service not in self._services.values():
                # Another thread met the same.
                return True
            old, self._account = self._account, None
            with suppress(SettingsError):
                if old is not None and self.account.credentials() not in (None, old.credentials()):
                    self._services = {}
                    return True
            self._account = old
        return False

    def explained(self, asked: Asked) -> AbstractContextManager[None]:
        """Explains the errors of what is read of an answer that came already."""
        return explained(asked, self)

    def close(self) -> None:
        """Give back all connections."""
        with self._opening:
            opened, self._services = [*self._services.values(), self._quick], {}
            self._quick = None
        for each in opened:
            if each is not None:
                each.close()

    def looked_in(self) -> str:
        """Where credentials were looked for, for the error that says that there are none."""
        profile = str(self._given.get("profile") or os.environ.get("AWS_PROFILE") or "default")
        return (
            f"access_key and secret_key of client {self.client}, AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, "
            f"the profile {profile} (keys, SSO, role) in ~/.aws/credentials and ~/.aws/config, "
            "and the metadata of the container or machine"
        )

    def _config(self, service: str, attempts: int) -> Any:
        from botocore.config import Config

        timeout = float(self._given.get("timeout", 60))
        own = self.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        # Other stores than Amazon's rarely have a name for each bucket, and know MD5 of all checksums.
        for_s3 = {"s3": {"addressing_style": "path" if own else "auto"}} if service == "s3" else {}
        region = {} if self.account.region else {"region_name": self.region}
        return Config(
            connect_timeout=min(timeout, 10),
            read_timeout=timeout,
            max_pool_connections=_POOL,
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            user_agent_extra=f"mason/{__version__}",
            **for_s3,
            **region,
        )


@contextmanager
def _usable(client: str) -> Iterator[None]:
    """Explains why a connection cannot be made."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(f"Client {client}", "aws") from error
    except Exception as error:  # botocore, whose errors are meant, is loaded by what is done within
        from botocore.exceptions import BotoCoreError

        from mason.aws import words

        if isinstance(error, BotoCoreError):
            told = f"Client {client} cannot connect: {words(error)}. Check its configuration."
            raise SettingsError(told) from error
        if isinstance(error, ValueError):
            # What it says quotes the endpoint, perhaps with a password.
            raise SettingsError(
                f"Client {client} cannot connect: its endpoint is no URL. Check endpoint_url, and AWS_ENDPOINT_URL: "
                "https://HOST"
            ) from None
        raise
