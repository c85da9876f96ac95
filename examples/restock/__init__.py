"""The main job: four agents restock a warehouse, and a human approves the plan before anything changes."""
