"""What came late, brought over where nothing newer stands."""
