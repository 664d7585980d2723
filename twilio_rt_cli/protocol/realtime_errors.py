"""OpenAI Realtime (GA), errors: what their names mean to a call."""

HARMLESS = frozenset(
    {
        "conversation_already_has_active_response",
        "response_cancel_not_active",
        "input_audio_buffer_commit_empty",
    }
)
"""They only say that the other side was quicker"""
HOPELESS = frozenset(
    {"insufficient_quota", "invalid_api_key", "account_deactivated", "billing_hard_limit_reached", "model_not_found"}
)
"""After them no response will ever come"""
SESSION_OVER = frozenset({"session_expired"})
"""The model is about to close"""
