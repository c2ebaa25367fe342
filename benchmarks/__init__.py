"""What rolemodel-ci costs in calls, seconds and memory: `make bench`. docs/benchmarks.md holds the figures."""
