"""Measures the lab against a control in the same run: python -m bench"""
