"""On a cluster, what shared folders do on one machine: the gateways' journals reach the lab, and the lab's routes the gateways."""
