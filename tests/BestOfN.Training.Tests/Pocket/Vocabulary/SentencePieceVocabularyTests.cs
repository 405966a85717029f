using System.Text.Json;
using BestOfN.Data.Worlds;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Pocket.Vocabulary;

namespace BestOfN.Training.Tests.Pocket.Vocabulary;

public sealed class SentencePieceVocabularyTests
{
    private static readonly PocketTextWorld s_world = new();

    private static readonly SentencePieceVocabulary s_vocabulary = Learn(size: 512);

    [Fact]
    public void Special_tokens_come_first_and_bytes_follow()
    {
        Assert.Equal(["<unk>", "<s>", "</s>", "<|reward|>", "<|im_end|>", "<|im_start|>", "<0x00>"],
            s_vocabulary.Pieces.Take(7).Select(p => p.Text));
        Assert.Equal(256, s_vocabulary.Pieces.Count(p => p.Type == VocabularyPieceType.Byte));
    }

    [Fact]
    public void No_piece_occurs_twice_and_no_two_merges_have_the_same_score()
    {
        Assert.Equal(s_vocabulary.Size, s_vocabulary.Pieces.Select(p => p.Text).Distinct().Count());
        var normal = s_vocabulary.Pieces.Where(p => p.Type == VocabularyPieceType.Normal).Select(p => p.Score).ToList();
        Assert.Equal(normal.Count, normal.Distinct().Count());
    }

    [Fact]
    public void Every_printable_ascii_character_is_a_piece_of_its_own()
    {
        var pieces = s_vocabulary.Pieces.Select(p => p.Text).ToHashSet();
        for (var c = '!'; c <= '~'; c++)
        {
            Assert.Contains(c.ToString(), pieces);
        }

        Assert.Contains("▁", pieces);
        Assert.Contains("\n", pieces);
    }

    [Fact]
    public void A_digit_and_a_capital_join_with_nothing_and_a_space_only_begins_a_piece()
    {
        var merged = s_vocabulary.Pieces.Where(p => p.Type == VocabularyPieceType.Normal && p.Text.Length > 1).ToList();

        Assert.NotEmpty(merged);
        Assert.DoesNotContain(merged, p => p.Text.Any(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c)));
        Assert.DoesNotContain(merged, p => p.Text.LastIndexOf('▁') > 0);
    }

    [Fact]
    public void Common_words_of_the_world_are_one_piece()
    {
        var pieces = s_vocabulary.Pieces.Select(p => p.Text).ToHashSet();

        Assert.Superset(new HashSet<string> { "▁two", "▁order", "▁streets", "user", "assistant", "▁of" }, pieces);
    }

    [Fact]
    public void Never_exceeds_the_size_asked_for_and_stops_when_nothing_is_left_to_join()
    {
        Assert.Equal(400, Learn(size: 400).Size);
        Assert.Equal(SentencePieceVocabulary.MinimumSize, Learn(size: SentencePieceVocabulary.MinimumSize).Size);
        Assert.InRange(Learn(size: 4096).Size, SentencePieceVocabulary.MinimumSize + 1, 1000);
        Assert.Throws<ArgumentOutOfRangeException>(() => Learn(size: SentencePieceVocabulary.MinimumSize - 1));
    }

    [Fact]
    public void The_same_sample_gives_the_same_files()
    {
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();
        Learn(size: 420).Write(first.Path);
        Learn(size: 420).Write(second.Path);

        Assert.Equal(["tokenizer.model", "tokenizer_config.json"], Directory.GetFiles(first.Path).Select(Path.GetFileName).Order());
        Assert.Equal(File.ReadAllBytes(Path.Combine(first.Path, "tokenizer.model")),
            File.ReadAllBytes(Path.Combine(second.Path, "tokenizer.model")));
    }

    [Fact]
    public void Names_the_tokens_of_a_conversation_in_its_configuration()
    {
        using var folder = new TemporaryFolder();
        s_vocabulary.Write(folder.Path);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "tokenizer_config.json")));

        Assert.Equal("<s>", config.RootElement.GetProperty("bos_token").GetString());
        Assert.Contains("'<|im_start|>' + message['role'] + '\n'", config.RootElement.GetProperty("chat_template").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_products_own_tokenizer_reads_back_what_was_written()
    {
        using var folder = new TemporaryFolder();
        s_vocabulary.Write(folder.Path);
        var tokenizer = TokenizerFiles.Load(folder.Path);

        Assert.Equal(s_vocabulary.Size, tokenizer.VocabularySize);
        Assert.Equal((1, 2), (tokenizer.BosId, tokenizer.EosId));
        Assert.Equal((5, 4, 3),
            (tokenizer.SpecialTokens["<|im_start|>"], tokenizer.SpecialTokens["<|im_end|>"], tokenizer.SpecialTokens["<|reward|>"]));
        foreach (var text in Problems(300).SelectMany(p => (string[])[p.Question, p.Solution]).Append("Grüße, 你好 😀\n\n  two  spaces\t~"))
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Theory]
    [InlineData("CAB", "C", "A", "B")]
    [InlineData("9+13=22", "9", "+", "1", "3", "=", "2", "2")]
    [InlineData("user\nWhich two", "user", "\n", "W", "hich", "▁two")]
    public void Text_of_the_world_becomes_few_tokens(string text, params string[] pieces)
    {
        using var folder = new TemporaryFolder();
        s_vocabulary.Write(folder.Path);

        Assert.Equal(pieces, TokenizerFiles.Load(folder.Path).Encode(text).Select(id => s_vocabulary.Pieces[id].Text));
    }

    private static IEnumerable<Problem> Problems(int count) => Enumerable.Range(0, count).Select(i => s_world.Draw(1, i, Split.Training));

    private static SentencePieceVocabulary Learn(int size) =>
        SentencePieceVocabulary.Learn(Problems(500), size);
}
