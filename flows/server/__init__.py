"""Prefect's server and worker as we start them, the deployments, and the defaults of the libraries under us. A line
belongs here when it is about processes and their environment. Imported by the commands and by benchmarks."""
