"""What is bundled to try things with: a bicycle workshop, its prompt and its appointments."""
