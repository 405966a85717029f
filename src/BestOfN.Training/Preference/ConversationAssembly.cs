using System.Text;
using BestOfN.Core.Prompts;
using BestOfN.Data.Preferences;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Training.Preference;

/// <summary>
/// From messages to tokens, as the published code trains: markers are spelled out, and so is whatever a message spells of them.
/// </summary>
/// <remarks>
/// <c>[UNUSED_TOKEN_146]role\ncontent[UNUSED_TOKEN_145]\n</c> for every message, then <c>&lt;/s&gt;[UNUSED_TOKEN_130]</c>. The text is cut
/// at the images' places, and the pieces are encoded one by one, the first behind a BOS even if it is empty.
/// </remarks>
internal sealed class ConversationAssembly
{
    private const string Closing = "</s>" + InternLMMarkers.Reward;

    private readonly SpecialTokenEncoder _encoder;
    private readonly int _bos;

    /// <exception cref="InvalidDataException">The tokenizer does not know the markers of the family.</exception>
    public ConversationAssembly(ITokenizer tokenizer, int rewardTokenId)
    {
        (_encoder, _bos) = (new SpecialTokenEncoder(tokenizer),
            tokenizer.BosId ?? throw new InvalidDataException("tokenizer: expected a token before a text (bos), found none."));
        foreach (var marker in new[] { InternLMMarkers.MessageStart, InternLMMarkers.MessageEnd, InternLMMarkers.Reward })
        {
            if (_encoder.Encode(marker) is not [var id])
            {
                throw new InvalidDataException($"tokenizer: expected the token {marker}, found none.");
            }

            if (marker == InternLMMarkers.Reward && id != rewardTokenId)
            {
                throw new InvalidDataException(
                    $"tokenizer: {marker}: expected {rewardTokenId}, the reward token of the model, found {id}.");
            }
        }
    }

    /// <param name="messages">Messages with a placeholder for every image, or without one for a single image, which then comes
    /// first.</param>
    /// <param name="images">Tokens of every image.</param>
    public JudgedConversation Assemble(IReadOnlyList<ChatMessage> messages, IReadOnlyList<int> images)
    {
        var prompt = new StringBuilder();
        foreach (var message in messages)
        {
            prompt.Append(InternLMMarkers.MessageStart).Append(message.Role).Append('\n').Append(message.Text)
                .Append(InternLMMarkers.MessageEnd).Append('\n');
        }

        var text = prompt.Append(Closing).ToString();
        if (images.Count == 1 && !text.Contains(PreferenceFile.Placeholder, StringComparison.Ordinal))
        {
            text = PreferenceFile.Placeholder + text;
        }

        var pieces = text.Split(PreferenceFile.Placeholder);
        if (pieces.Length != images.Count + 1)
        {
            throw new ArgumentException(
                $"Expected {images.Count} {PreferenceFile.Placeholder}, found {pieces.Length - 1}.", nameof(messages));
        }

        var (ids, places) = (new List<long> { _bos }, new List<(int, int)>());
        for (var i = 0; i < pieces.Length; i++)
        {
            ids.AddRange(_encoder.Encode(pieces[i]).Select(id => (long)id));
            if (i < images.Count)
            {
                places.Add((ids.Count, images[i]));
                ids.AddRange(Enumerable.Repeat(0L, images[i]));
            }
        }

        return new JudgedConversation([.. ids], places);
    }
}
