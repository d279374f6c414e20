"""Spark on Kubernetes: one ``SparkApplication`` for each piece of work, run by an operator that a cluster has.

In the order of the work: ``cluster_runner`` (what the config says), ``applications`` (the object that is made, and what
is read of it), ``cluster_api`` and ``cluster_refusals`` (the API of Kubernetes), ``application_run`` and
``application_pods`` (watching one), ``driver_answers`` and ``driver_script`` (questions and answers in files), and
``application_way``, which the client uses. The library ``kubernetes`` is imported when a connection opens, and not
before.
"""

__all__ = ["application_way", "cluster_api", "cluster_runner"]
