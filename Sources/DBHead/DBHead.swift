// The DBHead module.
