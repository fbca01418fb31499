// The Backbone module.
