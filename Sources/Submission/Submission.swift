// The Submission module.
