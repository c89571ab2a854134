"""What every representation, group and generator must pass: inherit the contract in the test of a new one."""
