"""nexuszero"""
