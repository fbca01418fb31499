// The Ensemble module.
