"""What a sweep would take before it is begun: sizes of networks, downloads, hours."""
