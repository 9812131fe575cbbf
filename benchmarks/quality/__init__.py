"""Whether the right one is blamed: a real server, people without browsers, and a relay that breaks their networks."""
