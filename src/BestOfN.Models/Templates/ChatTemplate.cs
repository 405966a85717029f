using BestOfN.Core.Prompts;
using BestOfN.Models.Tokenizers;

namespace BestOfN.Models.Templates;

/// <summary>How a model wants a conversation written. Thread-safe.</summary>
/// <remarks>The template's own special tokens become tokens; what people wrote stays text, so that no message can forge one.</remarks>
public abstract class ChatTemplate
{
    private readonly ITokenizer _tokenizer;

    protected ChatTemplate(ITokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>Token ids of a conversation.</summary>
    /// <param name="messages">In order; text parts only.</param>
    /// <param name="addGenerationPrompt">End with what begins the assistant's answer.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public IReadOnlyList<int> Encode(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var ids = new List<int>();
        var text = "";
        foreach (var segment in Render(messages, addGenerationPrompt))
        {
            if (segment.IsSpecial && _tokenizer.SpecialTokens.TryGetValue(segment.Text, out var id))
            {
                ids.AddRange(_tokenizer.Encode(text));
                ids.Add(id);
                text = "";
            }
            else
            {
                text += segment.Text;   // neighbours are one text: a token may span them
            }
        }

        ids.AddRange(_tokenizer.Encode(text));
        return ids;
    }

    /// <summary>The conversation as text, for reading.</summary>
    public string ToText(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) => string.Concat(Render(messages, addGenerationPrompt).Select(s => s.Text));

    protected abstract IEnumerable<TemplateSegment> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt);
}
