"""What the clients of AWS share: how they are configured, one connection for each config, and what errors mean.

A client extends ``AwsClient`` (:mod:`aws_client`): its ``schema.json`` then holds only what is its own, and its engines
make every request by ``connection.aws.call``, which answers, or raises one of Mason's errors (:mod:`denials`); what
AWS would refuse and botocore lets pass is refused before (:mod:`request_limits`), and an answer that was cut off is
none (:mod:`whole_answers`).
"""

__all__ = ["aws_client", "bucket_permissions", "buckets", "connecting", "denials"]
