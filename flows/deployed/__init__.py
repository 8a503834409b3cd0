"""The flows as the deployments of prefect.yaml run them: small parameters with bounds, a default and a line of help
each, which make the form in the UI. A line belongs here when it is about that form. Imports what is heavy inside the
flows, so that a deployment is registered, and its run begins, at once. Imported by Prefect's workers."""
