using System.Runtime.CompilerServices;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

internal static unsafe partial class MatrixVector
{
    /// <summary>What a worker does with its rows, for one storage and one vector width.</summary>
    private static class Parts<TElement, TLanes, TVector>
        where TElement : struct, IElement
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        public static delegate*<void*, int, int, void> Body(Gating gated) => gated == Gating.Silu ? &RunGated : &Run;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Run(void* argument, int part, int worker)
        {
            var job = (Job*)argument;
            var projection = job->Projections;
            for (var parts = PartsOf(projection->Weight.Rows, job->RowsPerPart); part >= parts; parts = PartsOf(projection->Weight.Rows, job->RowsPerPart))
            {
                part -= parts;
                projection++;
            }

            var from = part * job->RowsPerPart;
            var to = Math.Min(from + job->RowsPerPart, projection->Weight.Rows);
            Rows(projection, job->Input, job->Batch, from, to, projection->Output + from, projection->Weight.Rows);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void RunGated(void* argument, int part, int worker)
        {
            var job = (Job*)argument;
            Projection* gate = job->Projections, up = gate + 1;
            var from = part * job->RowsPerPart;
            var count = Math.Min(job->RowsPerPart, gate->Weight.Rows - from);
            var columns = gate->Weight.Columns;
            var scratch = stackalloc float[count * Math.Min(BatchBlock, job->Batch)];
            for (var b = 0; b < job->Batch; b += BatchBlock)
            {
                var batch = Math.Min(BatchBlock, job->Batch - b);
                var input = job->Input + (nint)b * columns;
                var output = gate->Output + (nint)b * gate->Weight.Rows + from;
                Rows(gate, input, batch, from, from + count, output, gate->Weight.Rows);
                Rows(up, input, batch, from, from + count, scratch, count);
                for (var i = 0; i < batch; i++)
                {
                    var row = output + (nint)i * gate->Weight.Rows;
                    SwiGlu.Apply<TLanes, TVector>(row, scratch + (nint)i * count, row, count);
                }
            }
        }

        /// <summary>Rows from … to − 1 of a product; output[b · stride + r − from].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Rows(Projection* projection, float* x, int batch, int from, int to, float* output, int stride)
        {
            var weight = projection->Weight;
            var rowBytes = weight.RowBytes;
            var end = weight.Data + to * rowBytes;
            var sums = stackalloc float[16];
            PrefetchAhead.Begin(weight.Data + from * rowBytes, (to - from) * rowBytes);
            int rows;
            for (var row = from; row < to; row += rows)
            {
                rows = batch == 1 && rowBytes > LongRowBytes && to - row >= 8 ? 8 : to - row >= 4 ? 4 : 1;
                var w = weight.Data + row * rowBytes;
                var ahead = PrefetchAhead.OfBlock(w, rows * rowBytes, end);
                int wide;
                for (var b = 0; b < batch; b += wide)
                {
                    wide = RowDot<TElement, TLanes, TVector>.Block(w, rowBytes, rows, x + (nint)b * weight.Columns, batch - b, weight.Columns, ahead, sums);
                    Complete(w, rowBytes, rows, x + (nint)b * weight.Columns, wide, weight.Columns, sums);
                    Write(projection, sums, row, rows, wide, output + (nint)b * stride + row - from, stride);
                    ahead = w;
                }
            }
        }

        /// <summary>Undoes the storage's scale and adds the columns that fill no vector.</summary>
        private static void Complete(byte* w, nint rowBytes, int rows, float* x, int wide, int columns, float* sums)
        {
            var whole = columns - columns % TLanes.Count;
            if (TElement.Scale == 1f && whole == columns) return;
            for (var r = 0; r < rows; r++)
                for (var b = 0; b < wide; b++)
                {
                    var sum = sums[r * wide + b] * TElement.Scale;
                    for (nint i = whole; i < columns; i++)
                        sum += TElement.Load<LanesScalar, float>(w + r * rowBytes, i) * x[(nint)b * columns + i];
                    sums[r * wide + b] = sum;
                }
        }

        private static void Write(Projection* projection, float* sums, int row, int rows, int wide, float* output, int stride)
        {
            var bias = projection->Weight.Bias;
            for (var r = 0; r < rows; r++)
            {
                var offset = bias is null ? 0f : bias[row + r];
                for (var b = 0; b < wide; b++)
                {
                    var target = output + (nint)b * stride + r;
                    var value = sums[r * wide + b] + offset;
                    *target = projection->Mode == OutputMode.Accumulate ? *target + value : value;
                }
            }
        }
    }
}
