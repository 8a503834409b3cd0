"""`flow`: both runs warped toward each other, hands, arms and faces by their own points.
A line belongs here when it moves pixels of filmed frames; how seams are chosen, judged and looked at is said above."""
