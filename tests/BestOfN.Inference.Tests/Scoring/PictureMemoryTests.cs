using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Testing;
using TorchSharp;

namespace BestOfN.Inference.Tests.Scoring;

[Collection(NativeMemory.Name)]
public sealed class PictureMemoryTests
{
    [Fact]
    public async Task Sessions_about_pictures_leave_native_memory_flat_and_are_counted()
    {
        using var worker = new DeviceWorker(torch.CPU);
        // two pictures of 841 · 32 floats
        var options = PictureConversations.Options with { HdNum = 1, PictureCacheBytes = 250_000, PromptCacheBytes = 1 << 20 };
        using var engine = ScoringEngine.Load(
            "memory-eye", GoldenFiles.Folder("ixc25-reward/image-1x1"), torch.ScalarType.Float32, worker, options);
        ImagePart[] pictures =
        [
            PictureConversations.Picture("image-1x1", "image_0.png"), PictureConversations.Picture("image-2x3", "image_0.png"),
            PictureConversations.Picture("image-portrait", "image_0.png"), PictureConversations.Picture("multi-image", "image_1.png"),
        ];
        await Score(6);
        var tensors = await MeasureAsync();
        await Score(24);
        Assert.InRange(await MeasureAsync(), 0, tensors + 4);   // one picture or prompt state more or less
        Assert.InRange(engine.Reader.Store!.Bytes, 1, options.PictureCacheBytes);

        var counted = MeterReadings.Read("bestofn.reward_model", "memory-eye");
        Assert.Equal(30, counted["bestofn.scoring.picture_cache.lookups:hit"] + counted["bestofn.scoring.picture_cache.lookups:miss"]);
        Assert.Equal(engine.EncodedPictures, counted["bestofn.scoring.pictures"]);
        Assert.InRange(counted["bestofn.scoring.picture_cache.evictions"], 1, 30);
        Assert.Equal(engine.Reader.Store.Bytes, counted["bestofn.scoring.picture_cache.size"]);

        async Task Score(int sessions)
        {
            for (var i = 0; i < sessions; i++)
            {
                await using var session = engine.Begin(
                    new Prompt([new("user", [new TextPart($"What is {i}?"), pictures[i % pictures.Length]])]));
                await session.ScoreAsync([new Answer(0, "one"), new Answer(1, "two")], TestContext.Current.CancellationToken);
            }
        }

        async Task<long> MeasureAsync()
        {
            await worker.RunAsync(() => { }, TestContext.Current.CancellationToken);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return torch.Tensor.TotalCount;
        }
    }
}
