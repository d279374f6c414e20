"""Which failures of engines are no answers: 1.x told all of them in its values, where whoever asked could pass on."""

from __future__ import annotations

from mason.errors import TransientEngineError, UnknownOutcomeError, UnsupportedVerbError

NO_ANSWER = (TransientEngineError, UnknownOutcomeError, UnsupportedVerbError)
"""Who retries and resumes has to know these as they are."""
