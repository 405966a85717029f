namespace BestOfN.Inputs.Tokenizers;

/// <summary>Special tokens of InternLM2 and InternLM-XComposer2.5 by the names that the published vocabularies give them.</summary>
internal static class InternLMMarkers
{
    /// <summary>Begins a message: <c>&lt;|im_start|&gt;</c> in newer vocabularies.</summary>
    public const string MessageStart = "[UNUSED_TOKEN_146]";

    /// <summary>Ends a message: <c>&lt;|im_end|&gt;</c> in newer vocabularies.</summary>
    public const string MessageEnd = "[UNUSED_TOKEN_145]";

    /// <summary>The token at which a conversation is scored: <c>&lt;|reward|&gt;</c>.</summary>
    public const string Reward = "[UNUSED_TOKEN_130]";

    /// <summary>Stands in a text for an image; no token of the vocabulary.</summary>
    public const string Image = "<ImageHere>";
}
