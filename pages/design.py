from metabam.app.navigation import enter

enter()
