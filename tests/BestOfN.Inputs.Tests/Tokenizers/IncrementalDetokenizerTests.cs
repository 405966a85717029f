using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Tokenizers;

public class IncrementalDetokenizerTests
{
    public static TheoryData<string> Models => ["spm-bpe", "spm-bpe-dummy-prefix", "hf-bpe-llama3", "hf-bpe-qwen"];

    [Theory, MemberData(nameof(Models))]
    public void All_pieces_together_are_what_decode_says(string name)
    {
        var tokenizer = TokenizerFiles.Load(GoldenFile.Folder("tokenizers", name));
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var highest = round % 2 == 0 ? tokenizer.VocabularySize : 300; // the low ids are mostly single bytes
            var ids = Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(highest))
                .Where(i => !tokenizer.BytesOf(i).IsEmpty).ToArray();
            var stream = new IncrementalDetokenizer(tokenizer);
            var pieces = ids.Select(stream.Push).ToList();
            Assert.Equal(tokenizer.Decode(ids), string.Concat(pieces) + stream.Flush());
            Assert.All(pieces, p => Assert.Equal(p, Scalars.Only(p)));
        }
    }

    [Fact]
    public void A_scalar_is_emitted_when_its_last_byte_arrives()
    {
        var tokenizer = TokenizerFiles.Load(GoldenFile.Folder("tokenizers", "spm-bpe"));
        var ids = tokenizer.Encode("😀");
        Assert.Equal(4, ids.Count);
        var stream = new IncrementalDetokenizer(tokenizer);
        Assert.Equal(["", "", "", "😀"], ids.Select(stream.Push));
        Assert.Equal("", stream.Flush());

        stream.Push(ids[0]);
        stream.Push(ids[1]);
        Assert.Equal("\uFFFD\uFFFD", stream.Flush());
    }

    [Fact]
    public void Only_a_stream_that_opens_a_text_drops_the_dummy_prefix()
    {
        var tokenizer = TokenizerFiles.Load(GoldenFile.Folder("tokenizers", "spm-bpe-dummy-prefix"));
        var ids = tokenizer.Encode("Cat");
        var (opening, continuing) = (new IncrementalDetokenizer(tokenizer), new IncrementalDetokenizer(tokenizer, opensText: false));
        Assert.Equal("Cat", string.Concat(ids.Select(opening.Push)));
        Assert.Equal(" Cat", string.Concat(ids.Select(continuing.Push)));
    }
}
