"""The state in a bucket of Amazon S3, or of any store that speaks its protocol and honours conditional writes.

In the order in which things happen: ``address`` (what a URL says), ``bucket`` (requests, and what their answers mean),
``probe`` (whether the store honours conditions), ``lease`` (the lock), ``cache`` (what was downloaded last), ``store``
(the promises of ``mason.state.store``, kept with all of these). Nothing of it is loaded for states in folders, and
boto3 not before the first request.
"""

__all__ = ["bucket_store", "bucket_url"]
