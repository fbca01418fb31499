// The Sweep module.
