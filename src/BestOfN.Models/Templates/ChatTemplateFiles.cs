using BestOfN.Models.Tokenizers;

namespace BestOfN.Models.Templates;

/// <summary>Loads the chat template of a model folder.</summary>
public static class ChatTemplateFiles
{
    /// <param name="folder">The model folder.</param>
    /// <param name="architecture">As config.json names it.</param>
    /// <param name="tokenizer">The folder's tokenizer.</param>
    /// <exception cref="ChatTemplateException">No template can be found for this architecture.</exception>
    public static ChatTemplate Load(string folder, string architecture, ITokenizer tokenizer) =>
        FamilyTemplate.Of(architecture, tokenizer)
            ?? throw new ChatTemplateException($"{folder}: no chat template is built in for {architecture}.");
}
