using BestOfN.Core.Prompts;
using BestOfN.Data.Preferences;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Preference;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Preference;

public sealed class PairReaderTests
{
    [Fact]
    public void A_image_is_read_as_the_reference_scores_it_and_tiled_as_the_reference_trains()
    {
        using var network = TinyComposer.Load("image-1x1");
        var reader = TinyComposer.Reader("image-1x1", network);
        var scored = reader.Read(TinyComposer.PicturePair(), TilingVariant.Inference, CancellationToken.None);
        Assert.Equal([(1, 841)], scored.Chosen.Places);
        Assert.Equal([(1, 841)], scored.Rejected.Places);

        using var scope = NewDisposeScope();
        var rewards = new PairGradient(network, false).Measure(PairBatch.Of([scored], network)).Rewards;
        var reward = TinyComposer.Read("image-1x1", "expected.json").GetProperty("samples")[0].GetProperty("reward").GetSingle();
        Assert.Equal(reward, rewards[0], 1e-4f);

        var image = ImageDecoder.Decode(
            File.ReadAllBytes(TinyComposer.PicturePair().Pictures[0]), ImageLimits.Default, CancellationToken.None);
        var expected = HighDefinitionTiling.Apply(image, 9, 560, TilingVariant.Training, CancellationToken.None);
        var trained = reader.Read(TinyComposer.PicturePair(), TilingVariant.Training, CancellationToken.None);
        Assert.Equal(expected.Pixels.Pixels.ToArray(), trained.Images[0].Pixels.Pixels.ToArray());
    }

    [Fact]
    public void Several_images_come_where_the_text_says_and_have_at_most_six_tiles()
    {
        using var network = TinyComposer.Load("image-1x1");
        var image = TinyComposer.PicturePair().Pictures[0];
        using var folder = new TemporaryFolder();
        var wide = Path.Combine(folder.Path, "wide.png");
        using (var bitmap = new SkiaSharp.SKBitmap(2400, 2400))
        using (var encoded = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 90))
        {
            File.WriteAllBytes(wide, encoded.ToArray());
        }

        ChatMessage[] messages = [new("user", "Image1 <ImageHere>; Image2 <ImageHere>; which?"), new("assistant", "One.")];
        var several = TinyComposer.Judged("image-1x1", network, new PreferencePair("two", messages, messages, [image, wide]))[0];
        Assert.Equal(2, several.Chosen.Places.Count);
        Assert.True(
            several.Chosen.Places[0].Start > 1
            && several.Chosen.Places[1].Start > several.Chosen.Places[0].Start + several.Chosen.Places[0].Count);
        Assert.Equal(4, several.Images[1].Rows * several.Images[1].Columns);   // 2 x 2 of 6; of 9 it would be 3 x 3
        Assert.Equal(several.Images[1].TokenCount(20), several.Chosen.Places[1].Count);
    }

    [Fact]
    public void A_image_that_cannot_be_read_is_named_with_its_pair()
    {
        using var folder = new TemporaryFolder();
        using var network = TinyComposer.Load("image-1x1");
        var path = Path.Combine(folder.Path, "broken.png");
        File.WriteAllText(path, "no picture");
        var error = Assert.Throws<PreferenceDataException>(
            () => TinyComposer.Judged("image-1x1", network, TinyComposer.PicturePair() with { Pictures = [path] })).Message;
        Assert.StartsWith($"pair picture: {path}: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_whose_reward_token_is_not_the_models_is_refused()
    {
        using var network = TinyComposer.Load("text-batch");
        var tokenizer = TokenizerFiles.Load(TinyComposer.Folder("text-batch"));
        var error = Assert.Throws<InvalidDataException>(() => new ConversationAssembly(tokenizer, network.RewardTokenId + 1));
        Assert.Contains("reward token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_without_score_gets_a_fresh_one_that_the_seed_decides()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "base");
        Directory.CreateDirectory(model);
        using (var whole = BestOfN.Inference.Weights.Checkpoint.Open(TinyComposer.Folder("text-batch")))
        {
            var tensors = whole.Entries.Where(e => e.Name != "score.weight").ToDictionary(e => e.Name, e => whole.Map(e.Name));
            tensors["output.weight"] = zeros(520, 32);
            BestOfN.Inference.Weights.SafetensorsWriter.Write(Path.Combine(model, "model.safetensors"), tensors, ScalarType.Float32);
        }

        File.Copy(Path.Combine(TinyComposer.Folder("text-batch"), "config.json"), Path.Combine(model, "config.json"));
        float[] Score(ulong seed)
        {
            using var network = TrainableNetwork.Load(model, ScalarType.Float32, CPU, null, seed);
            using var scope = NewDisposeScope();
            return [.. network.Trainable[^1].Value.detach().data<float>()];
        }

        Assert.Equal(Score(1), Score(1));
        Assert.NotEqual(Score(1), Score(2));
        Assert.InRange(Score(1).Select(MathF.Abs).Max(), 1e-3f, 0.1f);
    }
}
