"""Who answers: the prompt, the tool files, and the sample business."""
