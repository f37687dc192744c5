"""The pages, by what they are about: each function takes the site and gives a page as text."""
