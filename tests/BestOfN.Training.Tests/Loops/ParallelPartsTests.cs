using System.Collections.Concurrent;
using BestOfN.Training.Loops;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Loops;

public sealed class ParallelPartsTests
{
    [Fact]
    public void Parts_have_the_gradients_of_their_sum()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Weight(3, 4), Weight(4, 2));
        Func<Tensor>[] parts = [.. Enumerable.Range(1, 9).Select(i => (Func<Tensor>)(() => Squares(a.matmul(b)) * tensor((float)i)))];
        var loss = Add([new("a", a), new("b", b)], parts);

        var (expectedA, expectedB) = (a.detach().requires_grad_(true), b.detach().requires_grad_(true));
        var expected = Squares(expectedA.matmul(expectedB)) * tensor(45f);
        expected.backward();
        Assert.Equal(expected.item<float>(), loss, 1e-3f * loss);
        Assert.True(allclose(expectedA.grad!, a.grad!, rtol: 1e-4));
        Assert.True(allclose(expectedB.grad!, b.grad!, rtol: 1e-4));
    }

    [Fact]
    public void The_sums_are_the_same_to_the_last_bit_every_time()
    {
        using var scope = NewDisposeScope();
        var weight = Weight(64, 64);
        Func<Tensor>[] parts = [.. Enumerable.Range(1, 12).Select(i => (Func<Tensor>)(() => Squares((weight / tensor((float)i)).sin())))];
        var first = Add([new("weight", weight)], parts);
        var gradient = weight.grad!.clone();
        for (var i = 0; i < 5; i++)
        {
            weight.grad!.zero_();
            Assert.Equal(first, Add([new("weight", weight)], parts));
            Assert.Equal(0, (gradient - weight.grad!).abs().max().item<float>());
        }
    }

    [Fact]
    public void A_weight_that_no_part_uses_keeps_its_gradient_and_one_that_some_parts_use_has_theirs()
    {
        using var scope = NewDisposeScope();
        var (used, sometimes, never) = (Weight(2, 2), Weight(2, 2), Weight(2, 2));
        Add([new("used", used), new("sometimes", sometimes), new("never", never)], [() => used.sum(), () => (used * sometimes).sum()]);

        Assert.Equal(0, (sometimes.grad! - used.detach()).abs().max().item<float>());
        Assert.Equal(0, never.grad!.abs().max().item<float>());
    }

    [Fact]
    public void A_part_that_fails_fails_the_step_with_its_own_exception()
    {
        using var scope = NewDisposeScope();
        var weight = Weight(2, 2);
        var failure = Assert.Throws<InvalidDataException>(
            () => Add([new("weight", weight)], [() => weight.sum(), () => throw new InvalidDataException("part")]));
        Assert.Equal("part", failure.Message);
        Assert.Equal(0, weight.grad!.abs().max().item<float>());
    }

    [Fact]
    public void Each_step_is_prepared_once_and_none_beyond_the_last()
    {
        using var scope = NewDisposeScope();
        var weight = Weight(2, 2);
        var prepared = new ConcurrentQueue<int>();
        var parts = new ParallelParts([new("weight", weight)], steps: 4, step =>
        {
            prepared.Enqueue(step);
            return [() => weight.sum()];
        });
        for (var step = 1; step < 4; step++)
        {
            parts.Add(step, CancellationToken.None);
        }

        Assert.Equal([1, 2, 3], prepared);
    }

    private static float Add(KeyValuePair<string, Tensor>[] parameters, Func<Tensor>[] parts) =>
        (float)new ParallelParts(parameters, steps: 1, _ => parts).Add(0, CancellationToken.None).Loss;

    private static Tensor Squares(Tensor x) => (x * x).sum();

    private static Tensor Weight(long rows, long columns)
    {
        using var random = new Generator(7, CPU);
        var weight = randn(rows, columns, generator: random).requires_grad_(true);
        weight.grad = zeros(rows, columns);
        return weight;
    }
}
