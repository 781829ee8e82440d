import markets  # noqa: F401  # its profile of hypothesis holds for every test here
