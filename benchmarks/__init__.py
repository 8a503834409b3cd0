"""What prints figures: speed, memory, quality. A line here measures the product as it is and asserts nothing; what it
prints stands in RESULTS.md and nowhere else. Imports everything; imported by nothing but its own tests."""
