"""What tables cost: list prices of a date, and estimates made with them."""
