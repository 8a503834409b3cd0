"""The science: numpy and torch in, numpy out. No Prefect, Ray or Lance; the network only where `allow_download` says
so. A line belongs here when it would be true without a catalog and without a cluster. The rooms import each other one
way."""
