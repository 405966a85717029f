using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Decoding;

/// <summary>What a chat template writes behind an answer.</summary>
internal static class AnswerEnd
{
    /// <returns>The first special token behind an answer; null where the template writes none.</returns>
    public static int? Of(ITokenizer tokenizer, Func<IReadOnlyList<ChatMessage>, bool, IReadOnlyList<int>> template)
    {
        try
        {
            var question = new ChatMessage("user", "a");
            var asked = template([question], true);
            var answered = template([question, new ChatMessage("assistant", "b")], false);
            foreach (var id in answered.Skip(asked.Count))
            {
                if (tokenizer.BytesOf(id).IsEmpty)
                {
                    return id;
                }
            }
        }
        catch (ChatTemplateException)
        {
            // A template that refuses so plain a conversation leaves it to the files.
        }

        return null;
    }
}
